"""What the law asks of kept data (合规): retention, one person's data, the audit trail, keys,
backup.

In: the store and the workspace's folders. Out: what is too old or unlawful to keep is gone, with an
entry in the trail. Decided here: when something is too old, and whether the trail is whole.
"""
