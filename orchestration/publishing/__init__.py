"""The publish protocol: versions, the marts file, the atomic switch."""
