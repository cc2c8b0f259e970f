"""Images: read, made into inputs and back, classified; and arrays in messages."""

import caffe
import numpy as np
from PIL import Image

pixels = np.random.RandomState(0).randint(0, 256, (6, 8, 3)).astype(np.uint8)
Image.fromarray(pixels).save("cat.png")
image = pixels / 255.0
with open("deploy.prototxt", "w") as file:
    file.write("""
    layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 4 dim: 4 } } }
    layer { name: "pool" type: "Pooling" bottom: "data" top: "pool" pooling_param { pool: AVE global_pooling: true } }
    """)
caffe.Net("deploy.prototxt", caffe.TEST).save("net.caffemodel")
transformer = caffe.io.Transformer({"data": (1, 3, 6, 8)})

# %% io.load_image
loaded = caffe.io.load_image("cat.png")
assert loaded.dtype == np.float32 and np.allclose(loaded, image)
assert caffe.io.load_image("cat.png", color=False).shape == (6, 8, 1)

# %% io.resize_image
assert np.array_equal(caffe.io.resize_image(image, (6, 8)), image.astype(np.float32))
assert caffe.io.resize_image(image, (3, 4), interp_order=1).shape == (3, 4, 3)
assert np.allclose(caffe.io.resize_image(np.full((5, 5, 1), 0.25), (9, 7)), 0.25)

# %% io.oversample
crops = caffe.io.oversample([image], (4, 4))
assert crops.shape == (10, 4, 4, 3)
assert np.allclose(crops[0], image[:4, :4]) and np.allclose(crops[9], crops[4][:, ::-1])

# %% io.Transformer
transformer = caffe.io.Transformer({"data": (10, 3, 6, 8)})
assert np.allclose(transformer.preprocess("data", image), image)  # nothing is set
assert transformer.inputs == {"data": (10, 3, 6, 8)}

# %% set_transpose
transformer.set_transpose("data", (2, 0, 1))
assert np.allclose(transformer.preprocess("data", image), image.transpose(2, 0, 1))

# %% set_channel_swap
transformer.set_transpose("data", (2, 0, 1))
transformer.set_channel_swap("data", (2, 1, 0))
assert np.allclose(transformer.preprocess("data", image), image.transpose(2, 0, 1)[::-1])

# %% set_raw_scale
transformer.set_raw_scale("data", 255)
assert np.allclose(transformer.preprocess("data", image), pixels, atol=1e-4)

# %% set_mean
transformer.set_transpose("data", (2, 0, 1))
transformer.set_mean("data", np.array([1.0, 2.0, 3.0]))
assert np.allclose(transformer.preprocess("data", image), (image - [1, 2, 3]).transpose(2, 0, 1), atol=1e-6)
transformer.set_mean("data", np.ones((3, 6, 8)))
assert np.allclose(transformer.preprocess("data", image), (image - 1).transpose(2, 0, 1), atol=1e-6)

# %% set_input_scale
transformer.set_transpose("data", (2, 0, 1))
transformer.set_mean("data", np.array([1.0, 2.0, 3.0]))
transformer.set_input_scale("data", 0.017)
assert np.allclose(transformer.preprocess("data", image), 0.017 * (image - [1, 2, 3]).transpose(2, 0, 1), atol=1e-6)

# %% .preprocess(
transformer.set_transpose("data", (2, 0, 1))
transformer.set_raw_scale("data", 255)
transformer.set_channel_swap("data", (2, 1, 0))
transformer.set_mean("data", np.array([104, 117, 123]))
made = transformer.preprocess("data", caffe.io.load_image("cat.png"))
assert made.dtype == np.float32
assert np.allclose(made, pixels.transpose(2, 0, 1)[::-1] - np.array([104, 117, 123])[:, None, None], atol=1e-4)
assert transformer.preprocess("data", np.ones((20, 10, 3))).shape == (3, 6, 8)  # resized

# %% .deprocess(
transformer.set_transpose("data", (2, 0, 1))
transformer.set_raw_scale("data", 255)
transformer.set_channel_swap("data", (2, 1, 0))
transformer.set_mean("data", np.array([104, 117, 123]))
assert np.allclose(transformer.deprocess("data", transformer.preprocess("data", image)), image, atol=1e-5)

# %% caffe.Classifier(
net = caffe.Classifier("deploy.prototxt", "net.caffemodel", image_dims=(6, 8), raw_scale=255, channel_swap=(2, 1, 0))
center = net.predict([image], oversample=False)
assert np.allclose(center, pixels[1:5, 2:6].mean(axis=(0, 1))[::-1].reshape(1, 3, 1, 1), rtol=1e-5)
assert net.predict([image, image]).shape == (2, 3)

# %% caffe.Detector(
net = caffe.Detector("deploy.prototxt", "net.caffemodel", raw_scale=255, context_pad=0)
(found,) = net.detect_windows([("cat.png", np.array([[1, 2, 5, 6]]))])
assert np.allclose(found["prediction"].ravel(), pixels[1:5, 2:6].mean(axis=(0, 1)), rtol=1e-5)
assert found["filename"] == "cat.png" and list(found["window"]) == [1, 2, 5, 6]

# %% io.array_to_blobproto
blob = caffe.io.array_to_blobproto(image, diff=-image)
assert blob.shape.dim[:] == [6, 8, 3] and np.allclose(blob.diff, -np.array(blob.data))

# %% io.blobproto_to_array
blob = caffe.io.caffe_pb2.BlobProto(num=1, channels=3, height=2, width=1, data=range(6))
assert np.array_equal(caffe.io.blobproto_to_array(blob), np.arange(6).reshape(1, 3, 2, 1))

# %% io.array_to_datum
datum = caffe.io.array_to_datum(pixels.transpose(2, 0, 1), 3)
assert (datum.channels, datum.height, datum.width, datum.label) == (3, 6, 8, 3)
assert datum.data == pixels.transpose(2, 0, 1).tobytes()
assert np.allclose(caffe.io.array_to_datum(image).float_data, image.ravel())

# %% io.datum_to_array
datum = caffe.io.array_to_datum(pixels.transpose(2, 0, 1))
assert np.array_equal(caffe.io.datum_to_array(datum), pixels.transpose(2, 0, 1))
