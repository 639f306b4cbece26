//! Files that hold messages rather than packets.
