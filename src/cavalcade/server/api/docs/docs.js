// Shows the OpenAPI document: calls with examples, then types, then problems. Text goes in as text, never as markup.
"use strict";

const METHODS = ["get", "post", "patch", "delete"];

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Text with `code` in it. */
function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

function table(headings, rows) {
  const head = element("tr", {}, ...headings.map((heading) => element("th", { scope: "col" }, heading)));
  return element("div", { class: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function row(cells, attributes = {}) {
  return element("tr", attributes, ...cells.map((cell) => element("td", {}, ...[cell].flat())));
}

const nameOf = (reference) => reference.split("/").pop();

/** A schema in a few words, with links to the types it names. */
function typeOf(schema) {
  if (schema.$ref) return [element("a", { href: `#type-${nameOf(schema.$ref)}` }, nameOf(schema.$ref))];
  if (schema.anyOf) {
    const parts = schema.anyOf.filter((part) => part.type !== "null").map(typeOf);
    return parts.flatMap((part, index) => (index ? [" or ", ...part] : part));
  }
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(" or ")];
  if (schema.type === "array") return ["list of ", ...typeOf(schema.items)];
  return [schema.type ?? "anything"];
}

/** The one that says most of a schema that may also be null. */
const meant = (schema) => schema.anyOf?.find((part) => part.type !== "null") ?? schema;

function bounds(schema) {
  const said = [];
  if (schema.minimum !== undefined) said.push(`at least ${schema.minimum}`);
  if (schema.maximum !== undefined) said.push(`at most ${schema.maximum}`);
  if (schema.exclusiveMaximum !== undefined) said.push(`less than ${schema.exclusiveMaximum}`);
  if (schema.pattern) said.push(`matches ${schema.pattern}`);
  return said.join(", ");
}

function example(schema, schemas) {
  if (schema.$ref) return example(schemas[nameOf(schema.$ref)], schemas);
  if (schema.examples) return schema.examples[0];
  if (schema.anyOf) return example(meant(schema), schemas);
  if (schema.enum) return schema.enum[0];
  switch (schema.type) {
    case "object":
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, of]) => [name, example(of, schemas)]));
    case "array":
      return [example(schema.items, schemas)];
    case "integer":
      return schema.minimum ?? 1;
    case "number":
      return 1.5;
    case "boolean":
      return true;
    default:
      return "...";
  }
}

function jsonOf(content) {
  return Object.entries(content ?? {})[0] ?? [undefined, undefined];
}

function showCall(path, method, call, schemas) {
  const [, body] = jsonOf(call.requestBody?.content);
  const shown = element(
    "section",
    { id: call.operationId },
    element("h2", {}, call.summary),
    element("p", { class: "call" }, element("span", { class: `method ${method}` }, method.toUpperCase()), element("code", {}, path)),
    element("p", {}, ...prose(call.description)),
  );
  if (call.security.length) shown.append(element("p", { class: "quiet" }, ...prose("Needs `Authorization: Bearer <token>`.")));
  if (call.parameters) {
    shown.append(
      table(
        ["Parameter", "In", "What"],
        call.parameters.map((each) =>
          row([
            element("code", {}, each.name),
            each.in + (each.required ? "" : ", optional"),
            [...prose(each.description ?? ""), " ", element("span", { class: "quiet" }, bounds(each.schema))],
          ]),
        ),
      ),
    );
  }
  if (body) {
    shown.append(
      element("h3", {}, "Body: ", ...typeOf(body.schema)),
      element("pre", {}, JSON.stringify(example(body.schema, schemas), null, 2)),
    );
  }
  shown.append(
    element("h3", {}, "Answers"),
    table(
      ["Status", "What", "Body"],
      Object.entries(call.responses).map(([status, answer]) => {
        const [, content] = jsonOf(answer.content);
        return row([status, prose(answer.description), content ? typeOf(content.schema) : ""]);
      }),
    ),
  );
  const [, good] = jsonOf(Object.values(call.responses)[0].content);
  if (good) shown.append(element("pre", {}, JSON.stringify(example(good.schema, schemas), null, 2)));
  return shown;
}

function showType(name, schema) {
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([field, of]) =>
    row([
      [element("code", {}, field), required.has(field) ? "" : " (optional)"],
      typeOf(of),
      [...prose(of.description ?? meant(of).description ?? ""), " ", element("span", { class: "quiet" }, bounds(meant(of)))],
    ]),
  );
  const fields = rows.length ? table(["Field", "Type", "What"], rows) : element("p", {}, ...typeOf(schema));
  return element("section", { id: `type-${name}` }, element("h2", {}, name), element("p", {}, ...prose(schema.description ?? "")), fields);
}

function showProblems(problems) {
  const rows = problems.map((each) =>
    row([element("code", {}, each.code), String(each.status), each.title], { id: each.code }),
  );
  return element("section", { id: "problems" }, element("h2", {}, "Problems"), table(["Code", "Status", "What"], rows));
}

function group(title, links) {
  return [element("h2", {}, title), ...links.map(([href, text]) => element("a", { href }, text))];
}

async function show() {
  const main = document.getElementById("main");
  const answer = await fetch("/api/openapi.json");
  if (!answer.ok) throw new Error(`the document answered ${answer.status}`);
  const api = await answer.json();
  const schemas = api.components.schemas;
  const calls = Object.entries(api.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => [path, method, methods[method]]),
  );
  main.replaceChildren(
    element("h1", {}, `${api.info.title} API ${api.info.version}`),
    ...api.info.description.split("\n\n").map((paragraph) => element("p", {}, ...prose(paragraph))),
    element("p", {}, "For programs: ", element("a", { href: "/api/openapi.json" }, "openapi.json"), " (OpenAPI 3.1)."),
    ...calls.map(([path, method, call]) => showCall(path, method, call, schemas)),
    ...Object.entries(schemas).map(([name, schema]) => showType(name, schema)),
    showProblems(api["x-problems"]),
  );
  document.getElementById("contents").replaceChildren(
    ...group("Calls", calls.map(([, , call]) => [`#${call.operationId}`, call.summary])),
    ...group("Types", Object.keys(schemas).map((name) => [`#type-${name}`, name])),
    ...group("Problems", api["x-problems"].map((each) => [`#${each.code}`, each.code])),
  );
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

show().catch((error) => {
  document.getElementById("main").append(element("p", { role: "alert" }, `The page could not be made: ${error.message}`));
});
