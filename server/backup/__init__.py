"""What outlives this machine: the replica that follows every change, copies, restores and their daily proof."""
