"""Understanding text: jieba and scikit-learn; no database, no Flask."""
