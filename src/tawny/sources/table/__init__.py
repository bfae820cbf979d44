"""The kind `table`: rows of files or of a query become events by a mapping file."""
