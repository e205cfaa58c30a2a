"""What constants cost, against definitions worked out one number at a time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from accelgen.ir import Dense
from accelgen.ir.grid import constant_type
from accelgen.surrogates.weights import known_cost, weight_cost


def digits_one_by_one(number):
    """The digits of the non-adjacent form: while the number is odd, the digit that leaves a multiple of 4."""
    count, number = 0, abs(number)
    while number:
        if number % 2:
            number -= 2 - number % 4
            count += 1
        number //= 2
    return count


@given(
    codes=st.lists(st.integers(-(1 << 52), 1 << 52), min_size=1, max_size=30),
    fraction=st.integers(-20, 80),
)
def test_cost_of_any_constants(codes, fraction):
    values = np.ldexp(np.array(codes, np.float64), -fraction)
    cost = weight_cost(values)
    assert cost.digits == sum(digits_one_by_one(code) for code in codes)
    assert cost.nonzero == np.count_nonzero(codes)
    assert cost.bits == constant_type(values).width


def test_known_digits():
    assert weight_cost(np.array([7 / 32, -0.875, 1.0, 0.0, 5.0])).digits == 2 + 2 + 1 + 0 + 2


def test_the_cost_of_a_node_is_computed_once():
    node = Dense("fc", ("x",), np.array([[0.5, -0.75]]))
    assert known_cost(node, node.weight) is known_cost(node, node.weight)
    assert known_cost(Dense("fc", ("x",), np.zeros((1, 2))), np.zeros((1, 2))).nonzero == 0


def test_products_in_dsp_blocks_are_counted_once_an_input():
    many = 0b10101  # three digits
    weight = np.array([[many, many, -many, 1.0], [many, many * 2, 3.0, 0.0]])
    assert weight_cost(weight).dsp_products == 2 + 2
    assert weight_cost(weight[:, :1], weight[:1]).dsp_products == 2 + 2


def test_a_vector_has_an_input_for_each_of_its_values():
    assert weight_cost(np.array([11.0, 11.0, 11.0])).dsp_products == 3
    assert weight_cost(np.array([[11.0, 11.0, 11.0]])).dsp_products == 1


def test_constants_that_lie_transposed_in_memory():
    values = np.array([[7 / 32, -0.875, 1.0], [0.0, 5.0, 0.375]])
    assert weight_cost(values.T) == weight_cost(np.ascontiguousarray(values.T))
