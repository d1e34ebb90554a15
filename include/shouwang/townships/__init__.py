"""What goes to a township and what comes back: a month's release, returned lists, reports,
households' stories."""
