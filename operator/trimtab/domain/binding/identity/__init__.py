"""One IAM role per Microservice: what it may do, who may be it, and how AWS is brought there."""
