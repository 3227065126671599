/**
 * One page being made from compiled templates: layouts, blocks, includes and imports find each other here.
 */

/** The context with more names in it. */
export function extended(context, names) {
  return Object.assign(Object.create(context), names);
}

export class Rendering {
  #templates;

  #globals;

  #modules = new Map();

  /**
   * @param {object} templates as compiled
   * @param {object} functions the text functions by name
   */
  constructor(templates, functions) {
    this.#templates = templates;
    this.#globals = Object.assign(Object.create(null), functions);
  }

  /** @param {string} name @param {object} context @returns {string} */
  render(name, context) {
    return this.#run(name, extended(this.#globals, context));
  }

  #run(name, context) {
    const blocks = Object.create(null);
    for (let next = name; ;) {
      const template = this.#template(next);
      for (const [block, body] of Object.entries(template.blocks)) (blocks[block] ??= []).push(body);
      const html = template.root(this, context, blocks);
      next = template.parent(context);
      if (!next) return html;
    }
  }

  #template(name) {
    if (!Object.hasOwn(this.#templates, name)) throw new Error(`there is no template ${name}`);
    return this.#templates[name];
  }

  /** A block as the template nearest to the page has it; super() goes one template up. */
  block(name, context, blocks, level = 0) {
    const body = blocks[name][level];
    return body ? body(this, context, blocks, () => this.block(name, context, blocks, level + 1)) : '';
  }

  include(names, context, ignoreMissing) {
    const name = [names].flat().find((one) => Object.hasOwn(this.#templates, one));
    if (name === undefined && ignoreMissing) return '';
    return this.#run(name ?? [names].flat()[0], Object.create(context ?? this.#globals));
  }

  /** What a template sets and its macros; without a context it is made once a page. */
  module(name, context) {
    if (context) return this.#makeModule(name, context);
    if (!this.#modules.has(name)) this.#modules.set(name, this.#makeModule(name, this.#globals));
    return this.#modules.get(name);
  }

  #makeModule(name, context) {
    const module = Object.create(context);
    this.#run(name, module);
    return module;
  }
}
