"""A paper on its way: sealed for whom it is, put down to be sent, sent once, fetched."""
