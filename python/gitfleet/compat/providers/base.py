"""The former package's base class of clients, and their errors."""

from gitfleet.models.common import *
from gitfleet.models.services import ProviderType as ProviderType
from gitfleet.providers.base import *
