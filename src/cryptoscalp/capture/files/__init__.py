"""The bytes of files: what a path holds, unpacked, decoded and cut into lines."""
