"""The former package's models of users and repositories."""

from gitfleet.models.common import *
from gitfleet.models.services import ProviderType as ProviderType
