"""Where the shop of the demo is."""

import os

NAMESPACE, HOST = "shop", "shop.example"
GATEWAY = os.environ.get("TRIMTAB_GATEWAY_URL", "")
