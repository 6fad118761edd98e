"""Backups: one archive of the database, the stored files and the list of erasures; and bringing it back."""
