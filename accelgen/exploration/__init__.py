"""The search for designs: exact where figures of layers add up, by populations where they do not."""
