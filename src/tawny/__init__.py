"""Tawny: the data exports of a customer-care team, as files that can be trusted."""

__version__ = "0.1.0"
