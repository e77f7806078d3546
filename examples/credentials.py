"""Keep tokens encrypted.

    python credentials.py FILE

Needs gitfleet[models].

The password comes from the variable GITFLEET_PASSWORD.
"""

import os
import sys

from gitfleet.compat import CredentialManager
from gitfleet.providers import ProviderType

manager = CredentialManager.from_password(
    os.environ["GITFLEET_PASSWORD"], credentials_file=sys.argv[1]
)
manager.save_credential(ProviderType.GITHUB, "ghp_example", username="ann", host="github.com")
manager.save_credential(ProviderType.GITHUB, "ghp_other", username="ann", host="github.example.org")

for entry in manager.get_credentials(ProviderType.GITHUB):
    print(entry)  # the token is shown as **********
(entry,) = manager.get_credentials(ProviderType.GITHUB, host="github.com")
print(len(entry.get_token()), "letters")

manager.remove_credential_by_username(ProviderType.GITHUB, "ann")
print(len(manager.get_credentials(ProviderType.GITHUB)), "left")
