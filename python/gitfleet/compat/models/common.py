"""The former package's models of what services say."""

from gitfleet.models.common import *
from gitfleet.models.services import ProviderType as ProviderType
