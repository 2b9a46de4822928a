"""Docstrings: the words about the function stand apart from those about each parameter, in all three styles."""

import warnings

import pytest

import farcall

GOOGLE = '''
    """Makes a picture smaller.

    It keeps the proportions.

    Args:
        image: The picture.
        width (int, optional): In pixels.
            More than one line.

            And a paragraph.
        *others: More pictures.
        **options (dict[str, int]): Anything: also colons.

    Returns:
        The smaller picture.

    Raises:
        ValueError: If it is too small.

    Examples:
        >>> resize(b"")
    """
'''
NUMPY = '''
    """
    Makes a picture smaller.

    It keeps the proportions.

    Parameters
    ----------
    image : bytes
        The picture.
    width : int, optional
        In pixels.
        More than one line.

        And a paragraph.
    *others
        More pictures.
    **options : dict
        Anything: also colons.

    Returns
    -------
    bytes
        The smaller picture.

    Raises
    ------
    ValueError
        If it is too small.

    Examples
    --------
    >>> resize(b"")
    """
'''
SPHINX = '''
    """Makes a picture smaller.

    It keeps the proportions.

    :param image: The picture.
    :param int width: In pixels.
        More than one line.
    :type width: int
    :param others: More pictures.
    :param options: Anything: also colons.
    :returns: The smaller picture.
    :rtype: bytes
    :raises ValueError: If it is too small.
    """
'''


def described(docstring):
    names = {}
    exec(f"def resize(image, width=1, *others, **options):{docstring}", names)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fn = farcall.describe(names["resize"])["functions"][0]
    return fn.get("doc"), {each["name"]: each.get("doc") for each in fn["parameters"]}


@pytest.mark.parametrize("docstring", [GOOGLE, NUMPY, SPHINX], ids=["Google", "NumPy", "Sphinx"])
def test_the_documentation_of_a_function_does_not_repeat_that_of_its_parameters(docstring):
    doc, parameters = described(docstring)
    assert doc.startswith("Makes a picture smaller.\n\nIt keeps the proportions.\n\n")
    assert doc.endswith("@returns The smaller picture.\n@throws ValueError: If it is too small.")
    assert "In pixels" not in doc
    assert parameters["image"] == "The picture."
    assert parameters["width"].startswith("In pixels.\nMore than one line.")
    assert parameters["others"] == "More pictures."
    assert parameters["options"] == "Anything: also colons."


@pytest.mark.parametrize("docstring", [GOOGLE, NUMPY], ids=["Google", "NumPy"])
def test_paragraphs_of_a_parameter_and_other_sections_are_kept(docstring):
    doc, parameters = described(docstring)
    assert parameters["width"].endswith("\n\nAnd a paragraph.")
    assert '>>> resize(b"")' in doc


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ('"""One line."""', "One line."),
        ('"""  Indented.\n\n    More.\n    """', "Indented.\n\nMore."),
        ('"""Note: this is not a section.\n\n    Args are fine."""', "Note: this is not a section.\n\nArgs are fine."),
        ('"""Ends.\n\n    Args:\n    """', "Ends."),
        ('"""Says.\n\n    Note:\n        Kept as it is.\n    """', "Says.\n\nNote:\n    Kept as it is."),
        ('"""   """', None),
    ],
)
def test_other_docstrings_stay_as_they_are(docstring, expected):
    assert described(f"\n    {docstring}\n")[0] == expected


def test_several_parameters_in_one_line_of_numpy_share_their_words():
    docstring = '\n    """Adds.\n\n    Parameters\n    ----------\n    image, width : int\n        A number.\n    """\n'
    assert described(docstring)[1] == {"image": "A number.", "width": "A number.", "others": None, "options": None}


def test_a_deprecated_function_says_so():
    def f(): ...

    f.__deprecated__ = "Use g."
    assert farcall.describe(f)["functions"][0]["doc"] == "@deprecated Use g."
