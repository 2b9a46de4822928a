/** Apart from all else, since generated code adds to it: `declare module "farcall" { interface Apps { … } }`. */

/** The apps whose stubs are in this program, by name. */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be added to
export interface Apps {}
