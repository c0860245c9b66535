"""Has Kubeflow Pipelines train every night:  python recurring_run.py --host http://localhost:8888 --registry s3://models/shop."""

from __future__ import annotations

import argparse
from pathlib import Path

from kfp.client import Client

PIPELINE = Path(__file__).with_name("pipeline.yaml")


def main() -> None:
    """Create an experiment of this name where there is none, and a recurring run in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True, help="Address of Kubeflow Pipelines' API.")
    parser.add_argument("--namespace", default=None, help="Of the user, where Pipelines is for several.")
    parser.add_argument("--registry", required=True, help="Where models are kept, as s3://BUCKET/PREFIX.")
    parser.add_argument("--cron", default="0 17 3 * * *", help="When; six fields, seconds first.")
    parser.add_argument("--webhook", default="", help="Address that is told what came of it.")
    given = parser.parse_args()
    client = Client(host=given.host, namespace=given.namespace or "kubeflow")
    experiment = client.create_experiment("tracetune", namespace=given.namespace)
    made = client.create_recurring_run(
        experiment_id=experiment.experiment_id,
        job_name="tracetune-train-nightly",
        cron_expression=given.cron,
        max_concurrency=1,
        no_catchup=True,
        pipeline_package_path=str(PIPELINE),
        params={"registry": given.registry, "webhook": given.webhook},
        enable_caching=False,
    )
    print(made.recurring_run_id)


if __name__ == "__main__":
    main()
