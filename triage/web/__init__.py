"""The Flask side: pages, the API and the webhooks."""
