/** The part of `negotiator` that is used here. The package has no types. */
declare module 'negotiator' {
  export class Negotiator {
    constructor(request: { readonly headers: { readonly accept: string } });
    /** Those of `available` that the `Accept` header allows, the best first. */
    mediaTypes<Type extends string>(available: readonly Type[]): Type[];
  }
}
