"""Tokens that take turns."""

from gitfleet.models.services import ProviderType as ProviderType
from gitfleet.providers.token_manager import *
