//! A message as one line of JSON.
