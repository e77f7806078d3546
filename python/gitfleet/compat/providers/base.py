"""What clients of hosting services share."""

from gitfleet.models.common import *
from gitfleet.models.services import ProviderType as ProviderType
from gitfleet.providers.base import *
