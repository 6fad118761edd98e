"""Where to get help now: the emergency numbers and help lines shown on every page, for every country we hold."""
