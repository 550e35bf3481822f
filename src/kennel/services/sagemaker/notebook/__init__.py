"""Notebook instances: JupyterLab under the engine, and the scripts that set it up."""

from kennel.services.sagemaker.notebook.instances import NotebookInstances
from kennel.services.sagemaker.notebook.lifecycle_configs import LifecycleConfigs

__all__ = ["LifecycleConfigs", "NotebookInstances"]
