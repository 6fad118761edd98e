"""Questions from and for other systems: Moodle XML and GIFT in, Moodle XML out."""
