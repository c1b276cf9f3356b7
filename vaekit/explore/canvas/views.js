// The views by name; each is a function of its host that gives one element.
const VIEWS = {};
