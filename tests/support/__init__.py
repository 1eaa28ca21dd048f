"""What tests share: servers, small real implementations, paths."""
