"""AWS, by boto3. Nothing else imports it, and it is imported only once AWS is needed."""

import logging

# At the level debug botocore writes requests and answers, credentials and secrets among them.
logging.getLogger("botocore").setLevel(logging.ERROR)
