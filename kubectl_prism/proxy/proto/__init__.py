"""What is said on the wire: the .proto files and the Python that protoc makes of them (`make proto`)."""
