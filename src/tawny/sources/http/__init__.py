"""What readers of desks over HTTP have in common: calls, their budget, pages."""
