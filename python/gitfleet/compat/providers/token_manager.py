"""The former package's manager of tokens."""

from gitfleet.models.services import ProviderType as ProviderType
from gitfleet.providers.token_manager import *
