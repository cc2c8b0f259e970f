"""The updates of the solvers as compiled loops over a slice; ops_update.py has them in readable form."""

from numpy import float32 as f32
from numpy import sqrt

from cafflite.backend.kernels_math import inlined, kernel


@inlined
def gradient(data, diff, scale, l1, l2):
    sign = f32(1) if data > f32(0) else f32(-1) if data < f32(0) else f32(0)
    return scale * diff + l2 * data + l1 * sign


@kernel
def sgd(data, diff, history, scale, l1, l2, rate, momentum):
    for i in range(data.size):
        h = momentum * history[i] + rate * gradient(data[i], diff[i], scale, l1, l2)
        history[i] = diff[i] = h
        data[i] -= h


@kernel
def nesterov(data, diff, history, scale, l1, l2, rate, momentum):
    for i in range(data.size):
        h = momentum * history[i] + rate * gradient(data[i], diff[i], scale, l1, l2)
        update = (f32(1) + momentum) * h - momentum * history[i]
        history[i] = h
        diff[i] = update
        data[i] -= update


@kernel
def adagrad(data, diff, history, scale, l1, l2, rate, delta):
    for i in range(data.size):
        g = gradient(data[i], diff[i], scale, l1, l2)
        h = history[i] + g * g
        update = rate * g / (sqrt(h) + delta)
        history[i] = h
        diff[i] = update
        data[i] -= update


@kernel
def rmsprop(data, diff, history, scale, l1, l2, rate, decay, delta):
    for i in range(data.size):
        g = gradient(data[i], diff[i], scale, l1, l2)
        h = decay * history[i] + (f32(1) - decay) * g * g
        update = rate * g / (sqrt(h) + delta)
        history[i] = h
        diff[i] = update
        data[i] -= update


@kernel
def adadelta(data, diff, gradients, updates, scale, l1, l2, rate, decay, delta):
    for i in range(data.size):
        g = gradient(data[i], diff[i], scale, l1, l2)
        a = decay * gradients[i] + (f32(1) - decay) * g * g
        u = g * sqrt((updates[i] + delta) / (a + delta))
        gradients[i] = a
        updates[i] = decay * updates[i] + (f32(1) - decay) * u * u
        diff[i] = rate * u
        data[i] -= rate * u


@kernel
def adam(data, diff, mean, square, scale, l1, l2, rate, beta1, beta2, delta):
    for i in range(data.size):
        g = gradient(data[i], diff[i], scale, l1, l2)
        m = beta1 * mean[i] + (f32(1) - beta1) * g
        v = beta2 * square[i] + (f32(1) - beta2) * g * g
        update = rate * m / (sqrt(v) + delta)
        mean[i] = m
        square[i] = v
        diff[i] = update
        data[i] -= update
