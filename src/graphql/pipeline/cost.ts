import { type FieldNode, getNullableType, isListType, valueFromASTUntyped } from 'graphql';
import { FIELD_COSTS, type FieldCost } from './field-costs.ts';
import type { SelectedField } from './selected-fields.ts';

/** The most that an operation can cost with given variables. */
export interface Cost {
  /** Fields of the response. */
  readonly fieldCost: number;
  readonly upstreamCalls: number;
}

export type Variables = Readonly<Record<string, unknown>>;

/** Selections on one object. */
interface Selections {
  /** How many fields they have. */
  readonly count: number;
  /** The fields that cost more than being one of them. */
  readonly fields: readonly CompiledField[];
}

interface CompiledField {
  readonly costOf: (variables: Variables) => FieldCost;
  /** Whether it lists the items of the page on which it is selected (Relay Cursor Connections, section 2.1). */
  readonly isListOfPage: boolean;
  readonly below: Selections;
}

const NO_COST: FieldCost = {};

/**
 * Compiles the root fields of an operation to its cost for coerced variables. What each field costs is declared in
 * `field-costs.ts`. `@skip` and `@include` are ignored, so fields that they leave out count, and so do calls that loaders
 * save.
 */
export function compileCost(rootFields: readonly SelectedField[]): (variables: Variables) => Cost {
  const compile = (selected: readonly SelectedField[]): Selections => ({
    count: selected.length,
    fields: selected.flatMap(compileField),
  });
  const compileField = ({ node, parent, type, below }: SelectedField): CompiledField[] => {
    const declared = FIELD_COSTS[`${parent}.${node.name.value}`];
    if (!declared && below.length === 0) return [];
    return [
      {
        costOf:
          typeof declared === 'function'
            ? (variables) => declared(readArguments(node, variables))
            : () => declared ?? NO_COST,
        isListOfPage: parent.endsWith('Connection') && isListType(type && getNullableType(type)),
        below: compile(below),
      },
    ];
  };

  const root = compile(rootFields);
  return (variables) => {
    let fieldCost = 0;
    let upstreamCalls = 0;
    let sharedCalls = 0;
    /** Adds the cost of selections on this many objects, which have pages of this size if they are connections. */
    const add = ({ count, fields }: Selections, objects: number, pageSize: number) => {
      fieldCost += objects * count;
      for (const { costOf, isListOfPage, below } of fields) {
        const cost = costOf(variables);
        upstreamCalls += objects * (cost.calls ?? 0);
        // Only the largest number counts, because a request makes these calls once.
        sharedCalls = Math.max(sharedCalls, cost.sharedCalls ?? 0);
        add(below, objects * (isListOfPage ? pageSize : (cost.length ?? 1)), cost.pageSize ?? 1);
      }
    };
    add(root, 1, 1);
    return { fieldCost, upstreamCalls: upstreamCalls + sharedCalls };
  };
}

function readArguments({ arguments: args = [] }: FieldNode, variables: Variables): never {
  const values: Record<string, unknown> = {};
  for (const { name, value } of args) values[name.value] = valueFromASTUntyped(value, variables);
  // A validated operation and coerced variables have arguments of the field's type.
  return values as never;
}
