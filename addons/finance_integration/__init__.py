from . import controllers, models, wizards
from .wsgi import supply_host
