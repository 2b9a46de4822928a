"""Types of a manifest as TypeScript writes them, so that tests can be read."""

import json


def show(type_):
    kind = type_["kind"]
    if kind == "primitive":
        return type_["name"]
    if kind == "literal":
        return json.dumps(type_["value"])
    if kind == "array":
        inner = show(type_["element"])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if kind == "tuple":
        return f"[{', '.join(map(element, type_['elements']))}]"
    if kind == "union":
        return " | ".join(map(show, type_["members"]))
    if kind == "intersection":
        return " & ".join(map(show, type_["members"]))
    if kind == "object":
        parts = [f"[key: {show(each['key'])}]: {show(each['value'])}" for each in type_.get("indexes", [])]
        parts += [prop(each) for each in type_["properties"]]
        return "{ " + "; ".join(parts) + " }" if parts else "{}"
    if kind == "typeParameter":
        return type_["name"]
    arguments = type_.get("typeArguments")
    return type_["name"] + (f"<{', '.join(map(show, arguments))}>" if arguments else "")


def element(each):
    label = f"{each['label']}{'?' if each.get('optional') else ''}: " if "label" in each else ""
    return ("..." if each.get("rest") else "") + label + show(each["type"])


def prop(each):
    return f"{each['name']}{'?' if each.get('optional') else ''}: {show(each['type'])}"


def show_parameter(each):
    marks = [
        mark
        for key, mark in (("positionalOnly", "/"), ("keywordOnly", "*"), ("rest", "..."), ("keywordRest", "**"))
        if each.get(key)
    ]
    text = "".join(marks) + prop(each)
    return f"{text} = {each['default']}" if "default" in each else text


def show_type_parameters(of):
    shown = []
    for each in of.get("typeParameters", []):
        text = each["name"]
        if "constraint" in each:
            text += f" extends {show(each['constraint'])}"
        if "default" in each:
            text += f" = {show(each['default'])}"
        shown.append(text)
    return f"<{', '.join(shown)}>" if shown else ""


def show_function(fn):
    parameters = ", ".join(map(show_parameter, fn["parameters"]))
    return f"{show_type_parameters(fn)}({parameters}): {show(fn['returns'])}"


def show_declaration(each):
    name = each["name"] + show_type_parameters(each)
    if each["kind"] == "alias":
        return f"type {name} = {show(each['type'])}"
    return f"interface {name} {show({**each, 'kind': 'object'})}"


def show_declarations(manifest):
    return [show_declaration(each) for each in manifest["declarations"]]
