"""Kubeflow's door: training jobs, model serving and pipelines as the cluster has them."""
