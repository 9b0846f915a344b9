"""The template language that Amazon SES speaks: Handlebars as its Java engine has it, without HTML escaping."""

from sandbox.providers.ses.handlebars.evaluation import MissingAttributeError, RenderingError, evaluate
from sandbox.providers.ses.handlebars.parsing import TemplateError, parse

__all__ = ["MissingAttributeError", "RenderingError", "TemplateError", "evaluate", "parse"]
