"""Writes small Keras model files without Keras, for tests of what is read from good and broken ones."""

import io
import json
import zipfile

import h5py
import numpy as np


def layer(class_name, name, **config):
    return {"class_name": class_name, "config": {"name": name, **config}}


def dense(name, units, **config):
    return layer("Dense", name, units=units, activation="linear", use_bias=True, **config)


def entry(name="x", shape=(3,)):
    return layer("InputLayer", name, batch_input_shape=[None, *shape])


def sequential(*layers):
    return {"class_name": "Sequential", "config": {"name": "net", "layers": list(layers)}}


def functional(layers, calls, outputs, inputs=("x",)):
    """``calls`` maps a layer's name to its calls, each a list of (layer, call, tensor)."""
    nodes = [
        {
            **item,
            "name": item["config"]["name"],
            "inbound_nodes": [[[*ref, {}] for ref in call] for call in calls.get(item["config"]["name"], [])],
        }
        for item in layers
    ]
    config = {
        "name": "net",
        "layers": nodes,
        "input_layers": [[name, 0, 0] for name in inputs],
        "output_layers": [list(ref) for ref in outputs],
    }
    return {"class_name": "Functional", "config": config}


def dense_weights(n_in=3, n_out=2):
    rng = np.random.default_rng(0)
    return {"kernel": rng.normal(size=(n_in, n_out)), "bias": rng.normal(size=n_out)}


def write_weights(group, weights):
    """``weights`` maps a layer's name to its variables by name, as Keras 2 lays them out."""
    group.attrs["layer_names"] = [name.encode() for name in weights]
    group.attrs["keras_version"] = "2.15.0"
    for name, arrays in weights.items():
        inner = group.create_group(name)
        inner.attrs["weight_names"] = [f"{name}/{variable}:0".encode() for variable in arrays]
        for variable, array in arrays.items():
            inner.create_dataset(f"{name}/{variable}:0", data=np.asarray(array))


def write_h5(path, config, weights):
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"
        write_weights(file.create_group("model_weights"), weights)
    return path


def write_json(path, config, weights, weights_name="model_weights.h5"):
    path.write_text(json.dumps(config))
    with h5py.File(path.with_name(weights_name), "w") as file:
        write_weights(file, weights)
    return path


def write_archive(path, config, weights, compression=zipfile.ZIP_STORED):
    """``weights`` maps the path of a ``vars`` group's layer, "layers/dense", to its numbered arrays."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_group("layers")
        for name, arrays in weights.items():
            for number, array in enumerate(arrays):
                file[f"{name}/vars/{number}"] = np.asarray(array)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.0"}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", content.getvalue())
    return path
