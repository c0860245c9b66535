"""Training steps over several TensorFlow processes: each finds the gradients of its windows, and all apply their mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracetune.forecasting.batches import Batch
from tracetune.forecasting.keras_backend import load_tensorflow

Step = Callable[[Batch], float]


def join() -> Any:  # noqa: ANN401 - a tf.distribute strategy; TensorFlow has no types here
    """Meet the workers that TF_CONFIG names; returns when all are there, and must come before any other use of TensorFlow.

    Keras 3 distributes on JAX alone (``keras.distribution``), and its ``fit`` knows no strategy of several workers: so the
    strategy serves only to add gradients up, and every process keeps a network and an optimizer of its own, equal to the others'.

    Source: TensorFlow, Multi-worker training with Keras and custom loops; all-reduce by CollectiveReduceV2 over gRPC.
    """
    return load_tensorflow().distribute.MultiWorkerMirroredStrategy()


def step(network: Any, optimizer: Any, loss: Callable[[Any, Any], Any], strategy: Any) -> Step:  # noqa: ANN401 - Keras, TensorFlow
    """One training step as ``train_on_batch`` makes it of all parts together; the returned loss is that of the whole step.

    Parts are equally large, so that the mean of their gradients is the gradient of the whole; it is clipped by its norm after
    it was averaged, as in one process.
    """
    tf: Any = load_tensorflow()
    workers = strategy.num_replicas_in_sync

    def mean(values: Any) -> Any:  # noqa: ANN401 - tensors
        return strategy.run(lambda own: _added(tf, own, workers), args=(values,))

    @tf.function
    def together(features: Any, targets: Any, weights: Any) -> Any:  # noqa: ANN401 - tensors
        with tf.GradientTape() as tape:
            own = tf.reduce_mean(loss(targets, network(features, training=True)) * weights)
        gradients = tape.gradient(own, network.trainable_variables)
        *averaged, whole = mean([*gradients, own])
        optimizer.apply(averaged, network.trainable_variables)
        return whole

    return lambda made: float(together(*(tf.constant(each) for each in made)))


def _added(tf: Any, own: list[Any], workers: int) -> list[Any]:  # noqa: ANN401 - TensorFlow
    context = tf.distribute.get_replica_context()
    placed = [tf.identity(each) for each in own]  # on the replica's device, which the reduction asks for
    return [each / workers for each in context.all_reduce(tf.distribute.ReduceOp.SUM, placed)]
