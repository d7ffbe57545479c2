"""Ways in and back."""
