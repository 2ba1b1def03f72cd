"""AWS, by boto3. Nothing else imports it, and it is imported only once AWS is needed."""
