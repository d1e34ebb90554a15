"""What is kept, and for how long: retention, one person's data, the audit trail held against its
seals."""
