import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { TokenDto, AuthenticationMethodDto, PublicKeyInfoDto, PublicKeyInfoJwksDto, PublicKeyInfoJwksUriDto, ProjectWithPolicyDto, PolicyDto, PolicyStatementDto } from '../upstream/models.ts';
import type { TokenConnectionModel, TokenEdgeModel } from './resolvers/token.ts';
import type { TokenProjectConnectionModel, TokenProjectEdgeModel } from './resolvers/project.ts';
import type { PageInfoModel } from './pagination/connection.ts';
import type { TokenPayload } from './resolvers/user-errors.ts';
import type { Context } from './context.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = T | null | undefined;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** An absolute URL (RFC 3986), serialized as a string. */
  URL: { input: string; output: string; }
};

/** A token to register. */
export type CreateTokenInput = {
  /** How the token will sign in. */
  authenticationMethod: TokenAuthenticationMethodInput;
  /** Free text, at most 2000 characters. Write-only: the IAM API never returns it. One that holds a private key is refused. */
  description?: InputMaybe<Scalars['String']['input']>;
  /** Makes it safe to send this again, for example after a lost answer: for 24 hours the same caller's same key with the same input gives the token made the first time. While the outcome of an earlier request is not known, this one waits for it, or fails with `OVERLOADED` and `retryAfter`. The same key with another input is a `CONFLICT` user error. A caller is one credential: with a refreshed bearer the same key is another key, so repeat with the bearer that was used first, or look in `tokens` before. 1 to 255 visible ASCII characters; a random UUID is a good one. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** Display name, 3 to 2000 characters on one line, in well-formed Unicode. One that holds a private key is refused. */
  name: Scalars['String']['input'];
};

/** Outcome of `createToken`. */
export type CreateTokenPayload = {
  __typename?: 'CreateTokenPayload';
  /** The new token. Null when there are `userErrors`. */
  token?: Maybe<Token>;
  /** What was wrong with the input; empty on success. */
  userErrors: Array<UserError>;
};

/** Which token to delete. */
export type DeleteTokenInput = {
  /** `Token.id`. */
  id: Scalars['ID']['input'];
};

/** Outcome of `deleteToken`. */
export type DeleteTokenPayload = {
  __typename?: 'DeleteTokenPayload';
  /** `id` of the token that is gone. Null when there are `userErrors`. */
  deletedTokenId?: Maybe<Scalars['ID']['output']>;
  /** What was wrong with the input; empty on success. */
  userErrors: Array<UserError>;
};

/** A public JSON Web Key (RFC 7517). */
export type JsonWebKey = {
  __typename?: 'JsonWebKey';
  /** Algorithm that the key is for. */
  alg: Scalars['String']['output'];
  /** Curve of an EC key. */
  crv?: Maybe<Scalars['String']['output']>;
  /** Public exponent of an RSA key (base64url). */
  e?: Maybe<Scalars['String']['output']>;
  /** Key identifier. */
  kid: Scalars['String']['output'];
  /** Key type: `RSA` or `EC`. */
  kty: Scalars['String']['output'];
  /** Modulus of an RSA key (base64url). */
  n?: Maybe<Scalars['String']['output']>;
  /** What the public key is for; `sig` for signatures. */
  use: Scalars['String']['output'];
  /** X coordinate of an EC key (base64url). */
  x?: Maybe<Scalars['String']['output']>;
  /** Y coordinate of an EC key (base64url). */
  y?: Maybe<Scalars['String']['output']>;
};

/** A public JSON Web Key (RFC 7517). There are no fields for private parameters (`d`, `p`, `q`, `dp`, `dq`, `qi`, `oth`, `k`): a key that holds one is refused whole and its values are never echoed, logged or sent on. Leave out `ext` and `key_ops` as well, which WebCrypto adds on export. */
export type JsonWebKeyInput = {
  /** Algorithm that the key is for; the token's `signingAlgorithm`. */
  alg: Scalars['String']['input'];
  /** Curve of an EC key: `P-256` for ES256, `P-521` for ES512. */
  crv?: InputMaybe<Scalars['String']['input']>;
  /** Public exponent of an RSA key (base64url without padding): odd, at least 3, at most 8 bytes. */
  e?: InputMaybe<Scalars['String']['input']>;
  /** Key identifier, 1 to 256 visible ASCII characters. */
  kid: Scalars['String']['input'];
  /** Key type: `RSA` or `EC`. */
  kty: Scalars['String']['input'];
  /** Modulus of an RSA key (base64url without padding): odd, 2048 to 16 384 bits. */
  n?: InputMaybe<Scalars['String']['input']>;
  /** What the public key is for. */
  use?: Scalars['String']['input'];
  /** X coordinate of an EC key (base64url without padding): exactly 32 bytes for P-256, 66 for P-521. */
  x?: InputMaybe<Scalars['String']['input']>;
  /** Y coordinate of an EC key (base64url without padding): as long as `x`. */
  y?: InputMaybe<Scalars['String']['input']>;
};

/** A JSON Web Key Set (RFC 7517) held by IAM. */
export type JsonWebKeySet = {
  __typename?: 'JsonWebKeySet';
  /** The public keys. */
  keys: Array<JsonWebKey>;
};

/** A JSON Web Key Set (RFC 7517). */
export type JsonWebKeySetInput = {
  /** The public keys, 1 to 100. */
  keys: Array<JsonWebKeyInput>;
};

/** A JSON Web Key Set (RFC 7517) that IAM reads from a URL. */
export type JsonWebKeySetLocation = {
  __typename?: 'JsonWebKeySetLocation';
  /** URL of the key set. */
  jwksUri: Scalars['URL']['output'];
};

/**
 * Write operations. What the caller can put right by changing `input` comes back in `userErrors`; everything else (authentication, permission, rate limits, the IAM API failing) is a top-level error with `extensions.code`.
 * Each is sent to the IAM API exactly once. Where its outcome is not known, the error has `extensions.mayHaveSucceeded: true`.
 */
export type Mutation = {
  __typename?: 'Mutation';
  /** Register a token. Sending it twice makes two tokens, unless both carry the same `idempotencyKey`. */
  createToken?: Maybe<CreateTokenPayload>;
  /** Delete a token for good. Deleting it again gives a `NOT_FOUND` user error. */
  deleteToken?: Maybe<DeleteTokenPayload>;
  /** Change a token. What is left out stays as it is; an explicit null is an `INVALID` user error, as nothing here can be unset. */
  updateToken?: Maybe<UpdateTokenPayload>;
};


/**
 * Write operations. What the caller can put right by changing `input` comes back in `userErrors`; everything else (authentication, permission, rate limits, the IAM API failing) is a top-level error with `extensions.code`.
 * Each is sent to the IAM API exactly once. Where its outcome is not known, the error has `extensions.mayHaveSucceeded: true`.
 */
export type MutationcreateTokenArgs = {
  input: CreateTokenInput;
};


/**
 * Write operations. What the caller can put right by changing `input` comes back in `userErrors`; everything else (authentication, permission, rate limits, the IAM API failing) is a top-level error with `extensions.code`.
 * Each is sent to the IAM API exactly once. Where its outcome is not known, the error has `extensions.mayHaveSucceeded: true`.
 */
export type MutationdeleteTokenArgs = {
  input: DeleteTokenInput;
};


/**
 * Write operations. What the caller can put right by changing `input` comes back in `userErrors`; everything else (authentication, permission, rate limits, the IAM API failing) is a top-level error with `extensions.code`.
 * Each is sent to the IAM API exactly once. Where its outcome is not known, the error has `extensions.mayHaveSucceeded: true`.
 */
export type MutationupdateTokenArgs = {
  input: UpdateTokenInput;
};

/** An object that can be fetched again with `Query.node` by its globally unique `id`. */
export type Node = {
  /** Globally unique identifier. */
  id: Scalars['ID']['output'];
};

/** Where a page lies in its connection. Connections here page forwards only (`first` and `after`); the IAM API has no backward cursors and no counts, so there is no `last`, `before` or `totalCount`. */
export type PageInfo = {
  __typename?: 'PageInfo';
  /** Pass as `after` to get the next page. Null when the page is empty and no page follows. */
  endCursor?: Maybe<Scalars['String']['output']>;
  /** Whether at least one more edge follows this page. */
  hasNextPage: Scalars['Boolean']['output'];
  /** Whether `after` was given. Paging backwards is not supported. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** Cursor of the first edge of this page. Null when the page is empty. */
  startCursor?: Maybe<Scalars['String']['output']>;
};

/** An access policy. */
export type Policy = {
  __typename?: 'Policy';
  /** Description of the policy. */
  description?: Maybe<Scalars['String']['output']>;
  /** Name of the policy. */
  name?: Maybe<Scalars['String']['output']>;
  /** IAM identifier of the principal that the policy is for. */
  principalId?: Maybe<Scalars['String']['output']>;
  /** IAM identifier of the project that the policy is for. */
  projectId?: Maybe<Scalars['String']['output']>;
  /** The policy's statements. */
  statements: Array<PolicyStatement>;
  /** Version of the policy language, for example `2022-12-15`. */
  version: Scalars['String']['output'];
};

/** One rule of a policy. */
export type PolicyStatement = {
  __typename?: 'PolicyStatement';
  /** Actions that the rule is about; may hold wildcards. */
  actions: Array<Scalars['String']['output']>;
  /** `Allow` or `Deny`. Open text in the IAM API, so treat an unknown value as one that grants nothing. */
  effect: Scalars['String']['output'];
  /** Principals (ARIs) that the rule is about. */
  principals: Array<Scalars['String']['output']>;
  /** Resources (ARIs) that the rule is about; may hold wildcards. */
  resources: Array<Scalars['String']['output']>;
};

/** A project, as far as the Tokens API tells about it. */
export type Project = {
  __typename?: 'Project';
  /** The project's identifier (a UUID), the same as in the IAM REST API, the Affinidi CLI and policies. */
  id: Scalars['ID']['output'];
  /** Display name. */
  name: Scalars['String']['output'];
};

/** Public keys, either held by IAM or behind a URL. */
export type PublicKeyInfo = JsonWebKeySet | JsonWebKeySetLocation;

/** Public keys: exactly one of the two. */
export type PublicKeyInfoInput =
  /** The keys themselves, to be held by IAM. */
  { jwks: JsonWebKeySetInput; jwksUri?: never; }
  |  /** An absolute https URL that IAM reads the key set from: without credentials and fragment, in the characters of RFC 3986, at most 2048. */
  { jwks?: never; jwksUri: Scalars['String']['input']; };

/** Read operations. */
export type Query = {
  __typename?: 'Query';
  /** Fetch an object again by its `id`; so far every node is a `Token`. Null when there is no such object. */
  node?: Maybe<Node>;
  /** Fetch up to 100 objects by `id`. The result has the length and the order of `ids`, with null where `node` would give null. */
  nodes: Array<Maybe<Node>>;
  /** A token that the caller may see. Null when there is no such token. */
  token?: Maybe<Token>;
  /** The caller's tokens, in the order of the IAM API. */
  tokens?: Maybe<TokenConnection>;
};


/** Read operations. */
export type QuerynodeArgs = {
  id: Scalars['ID']['input'];
};


/** Read operations. */
export type QuerynodesArgs = {
  ids: Array<Scalars['ID']['input']>;
};


/** Read operations. */
export type QuerytokenArgs = {
  id: Scalars['ID']['input'];
};


/** Read operations. */
export type QuerytokensArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

/** JWS algorithms (RFC 7518) that a token may sign with. */
export type SigningAlgorithm =
  /** ECDSA on P-256 with SHA-256. */
  | 'ES256'
  /** ECDSA on P-521 with SHA-512. */
  | 'ES512'
  /** RSASSA-PKCS1-v1_5 with SHA-256. */
  | 'RS256'
  /** RSASSA-PKCS1-v1_5 with SHA-512. */
  | 'RS512';

/** A personal access token (PAT): a machine principal that signs in with a private key whose public half is registered here. */
export type Token = Node & {
  __typename?: 'Token';
  /** The token's Affinidi Resource Identifier. */
  ari: Scalars['String']['output'];
  /** How the token signs in. */
  authenticationMethod: TokenAuthenticationMethod;
  /** The token's identifier (a UUID), the same as in the IAM REST API, the Affinidi CLI and policies. */
  id: Scalars['ID']['output'];
  /** Display name that the owner gave. */
  name: Scalars['String']['output'];
  /** The owner's Affinidi Resource Identifier. */
  ownerAri: Scalars['String']['output'];
  /** The projects that the token can act in, in the order of the IAM API. Null, with an error at this path, when they could not be read; the rest of the response stays valid. */
  projects?: Maybe<TokenProjectConnection>;
  /** Scopes that the token gets when it signs in. */
  scopes: Array<Scalars['String']['output']>;
};


/** A personal access token (PAT): a machine principal that signs in with a private key whose public half is registered here. */
export type TokenprojectsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

/** The `private_key_jwt` OAuth 2.0 client authentication of a token. Public key material only. */
export type TokenAuthenticationMethod = {
  __typename?: 'TokenAuthenticationMethod';
  /** Where the public keys are. */
  publicKeyInfo: PublicKeyInfo;
  /** Algorithm that assertions are signed with. Null when the IAM API names one that this schema does not know yet. */
  signingAlgorithm?: Maybe<SigningAlgorithm>;
  /** Kind of authentication. Null when the IAM API names one that this schema does not know yet. */
  type?: Maybe<TokenAuthenticationMethodKind>;
};

/** How a new token signs in. */
export type TokenAuthenticationMethodInput = {
  /** Where the public keys are. */
  publicKeyInfo: PublicKeyInfoInput;
  /** Algorithm that assertions will be signed with. */
  signingAlgorithm: SigningAlgorithm;
  /** Kind of authentication. */
  type?: TokenAuthenticationMethodKind;
};

/** Kinds of token authentication. */
export type TokenAuthenticationMethodKind =
  /** A JWT signed with a private key (`private_key_jwt`). */
  | 'PRIVATE_KEY';

/** A page of tokens. */
export type TokenConnection = {
  __typename?: 'TokenConnection';
  /** The page's edges. */
  edges: Array<TokenEdge>;
  /** The page's tokens; `edges` without cursors. */
  nodes: Array<Maybe<Token>>;
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
};

/** A token in a page. */
export type TokenEdge = {
  __typename?: 'TokenEdge';
  /** Pass as `after` to continue behind this edge. */
  cursor: Scalars['String']['output'];
  /** The token. */
  node?: Maybe<Token>;
};

/** A page of the projects that a token can act in. */
export type TokenProjectConnection = {
  __typename?: 'TokenProjectConnection';
  /** The page's edges. */
  edges: Array<TokenProjectEdge>;
  /** The page's projects; `edges` without cursors and policies. */
  nodes: Array<Maybe<Project>>;
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
};

/** A project that a token can act in, with what it may do there. */
export type TokenProjectEdge = {
  __typename?: 'TokenProjectEdge';
  /** Pass as `after` to continue behind this edge. */
  cursor: Scalars['String']['output'];
  /** The project. */
  node?: Maybe<Project>;
  /** What this token may do in this project. It belongs to the pair, not to the project: another token has another policy in the same project. */
  policy?: Maybe<Policy>;
};

/** What to change in how a token signs in. What is left out stays as it is. */
export type UpdateTokenAuthenticationMethodInput = {
  /** Where the public keys are from now on; replaces what was there. */
  publicKeyInfo?: InputMaybe<PublicKeyInfoInput>;
  /** Algorithm that assertions will be signed with. */
  signingAlgorithm?: InputMaybe<SigningAlgorithm>;
  /** Kind of authentication. */
  type?: InputMaybe<TokenAuthenticationMethodKind>;
};

/** What to change on which token. */
export type UpdateTokenInput = {
  /** What to change in how the token signs in. */
  authenticationMethod?: InputMaybe<UpdateTokenAuthenticationMethodInput>;
  /** `Token.id`. */
  id: Scalars['ID']['input'];
  /** New display name, 3 to 2000 characters on one line, in well-formed Unicode. */
  name?: InputMaybe<Scalars['String']['input']>;
};

/** Outcome of `updateToken`. */
export type UpdateTokenPayload = {
  __typename?: 'UpdateTokenPayload';
  /** The changed token. Null when there are `userErrors`. */
  token?: Maybe<Token>;
  /** What was wrong with the input; empty on success. */
  userErrors: Array<UserError>;
};

/** Something that the caller can put right by changing the input. */
export type UserError = {
  __typename?: 'UserError';
  /** What went wrong, for programs. */
  code: UserErrorCode;
  /** Path of the offending value in the mutation's arguments, for example `["input", "name"]`. Null when it is about the input as a whole. */
  field?: Maybe<Array<Scalars['String']['output']>>;
  /** What went wrong, for people. Not stable. */
  message: Scalars['String']['output'];
  /** Trace id of the refused IAM API call, for support. Null when the gateway refused the input itself. */
  traceId?: Maybe<Scalars['String']['output']>;
};

/** Kinds of user errors. More may be added; treat an unknown one as `INVALID`. */
export type UserErrorCode =
  /** The `idempotencyKey` was used before with another input, or it cannot be found out whether an earlier request with it made a token; or the IAM API refused the write because of the present state of the token. */
  | 'CONFLICT'
  /** A value is malformed, missing, too short, or does not fit the others. */
  | 'INVALID'
  /** There is no object with the given `id`. */
  | 'NOT_FOUND';



export type ResolverTypeWrapper<T> = Promise<T | Error> | T | Error;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;





/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  CreateTokenInput: CreateTokenInput;
  CreateTokenPayload: ResolverTypeWrapper<TokenPayload>;
  DeleteTokenInput: DeleteTokenInput;
  DeleteTokenPayload: ResolverTypeWrapper<DeleteTokenPayload>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  JsonWebKey: ResolverTypeWrapper<JsonWebKey>;
  JsonWebKeyInput: JsonWebKeyInput;
  JsonWebKeySet: ResolverTypeWrapper<PublicKeyInfoJwksDto>;
  JsonWebKeySetInput: JsonWebKeySetInput;
  JsonWebKeySetLocation: ResolverTypeWrapper<PublicKeyInfoJwksUriDto>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Node: ResolverTypeWrapper<TokenDto>;
  PageInfo: ResolverTypeWrapper<PageInfoModel>;
  Policy: ResolverTypeWrapper<PolicyDto>;
  PolicyStatement: ResolverTypeWrapper<PolicyStatementDto>;
  Project: ResolverTypeWrapper<ProjectWithPolicyDto>;
  PublicKeyInfo: ResolverTypeWrapper<PublicKeyInfoDto>;
  PublicKeyInfoInput: PublicKeyInfoInput;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  SigningAlgorithm: SigningAlgorithm;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Token: ResolverTypeWrapper<TokenDto>;
  TokenAuthenticationMethod: ResolverTypeWrapper<AuthenticationMethodDto>;
  TokenAuthenticationMethodInput: TokenAuthenticationMethodInput;
  TokenAuthenticationMethodKind: TokenAuthenticationMethodKind;
  TokenConnection: ResolverTypeWrapper<TokenConnectionModel>;
  TokenEdge: ResolverTypeWrapper<TokenEdgeModel>;
  TokenProjectConnection: ResolverTypeWrapper<TokenProjectConnectionModel>;
  TokenProjectEdge: ResolverTypeWrapper<TokenProjectEdgeModel>;
  URL: ResolverTypeWrapper<Scalars['URL']['output']>;
  UpdateTokenAuthenticationMethodInput: UpdateTokenAuthenticationMethodInput;
  UpdateTokenInput: UpdateTokenInput;
  UpdateTokenPayload: ResolverTypeWrapper<TokenPayload>;
  UserError: ResolverTypeWrapper<UserError>;
  UserErrorCode: UserErrorCode;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  Boolean: Scalars['Boolean']['output'];
  CreateTokenInput: CreateTokenInput;
  CreateTokenPayload: TokenPayload;
  DeleteTokenInput: DeleteTokenInput;
  DeleteTokenPayload: DeleteTokenPayload;
  ID: Scalars['ID']['output'];
  Int: Scalars['Int']['output'];
  JsonWebKey: JsonWebKey;
  JsonWebKeyInput: JsonWebKeyInput;
  JsonWebKeySet: PublicKeyInfoJwksDto;
  JsonWebKeySetInput: JsonWebKeySetInput;
  JsonWebKeySetLocation: PublicKeyInfoJwksUriDto;
  Mutation: Record<PropertyKey, never>;
  Node: TokenDto;
  PageInfo: PageInfoModel;
  Policy: PolicyDto;
  PolicyStatement: PolicyStatementDto;
  Project: ProjectWithPolicyDto;
  PublicKeyInfo: PublicKeyInfoDto;
  PublicKeyInfoInput: PublicKeyInfoInput;
  Query: Record<PropertyKey, never>;
  String: Scalars['String']['output'];
  Token: TokenDto;
  TokenAuthenticationMethod: AuthenticationMethodDto;
  TokenAuthenticationMethodInput: TokenAuthenticationMethodInput;
  TokenConnection: TokenConnectionModel;
  TokenEdge: TokenEdgeModel;
  TokenProjectConnection: TokenProjectConnectionModel;
  TokenProjectEdge: TokenProjectEdgeModel;
  URL: Scalars['URL']['output'];
  UpdateTokenAuthenticationMethodInput: UpdateTokenAuthenticationMethodInput;
  UpdateTokenInput: UpdateTokenInput;
  UpdateTokenPayload: TokenPayload;
  UserError: UserError;
};

export type semanticNonNullDirectiveArgs = {
  levels?: Array<Scalars['Int']['input']>;
};

export type semanticNonNullDirectiveResolver<Result, Parent, ContextType = Context, Args = semanticNonNullDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type CreateTokenPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['CreateTokenPayload'] = ResolversParentTypes['CreateTokenPayload']> = {
  token?: Resolver<Maybe<ResolversTypes['Token']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type DeleteTokenPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DeleteTokenPayload'] = ResolversParentTypes['DeleteTokenPayload']> = {
  deletedTokenId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type JsonWebKeyResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JsonWebKey'] = ResolversParentTypes['JsonWebKey']> = {
  alg?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  crv?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  e?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  kid?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  kty?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  n?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  use?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  x?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  y?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type JsonWebKeySetResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JsonWebKeySet'] = ResolversParentTypes['JsonWebKeySet']> = {
  keys?: Resolver<Array<ResolversTypes['JsonWebKey']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type JsonWebKeySetLocationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JsonWebKeySetLocation'] = ResolversParentTypes['JsonWebKeySetLocation']> = {
  jwksUri?: Resolver<ResolversTypes['URL'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type MutationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  createToken?: Resolver<Maybe<ResolversTypes['CreateTokenPayload']>, ParentType, ContextType, RequireFields<MutationcreateTokenArgs, 'input'>>;
  deleteToken?: Resolver<Maybe<ResolversTypes['DeleteTokenPayload']>, ParentType, ContextType, RequireFields<MutationdeleteTokenArgs, 'input'>>;
  updateToken?: Resolver<Maybe<ResolversTypes['UpdateTokenPayload']>, ParentType, ContextType, RequireFields<MutationupdateTokenArgs, 'input'>>;
};

export type NodeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Node'] = ResolversParentTypes['Node']> = {
  __resolveType: TypeResolveFn<'Token', ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type PolicyResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Policy'] = ResolversParentTypes['Policy']> = {
  description?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  name?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  principalId?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  projectId?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  statements?: Resolver<Array<ResolversTypes['PolicyStatement']>, ParentType, ContextType>;
  version?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type PolicyStatementResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PolicyStatement'] = ResolversParentTypes['PolicyStatement']> = {
  actions?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  effect?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  principals?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  resources?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
};

export type ProjectResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Project'] = ResolversParentTypes['Project']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type PublicKeyInfoResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PublicKeyInfo'] = ResolversParentTypes['PublicKeyInfo']> = {
  __resolveType: TypeResolveFn<'JsonWebKeySet' | 'JsonWebKeySetLocation', ParentType, ContextType>;
};

export type QueryResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  node?: Resolver<Maybe<ResolversTypes['Node']>, ParentType, ContextType, RequireFields<QuerynodeArgs, 'id'>>;
  nodes?: Resolver<Array<Maybe<ResolversTypes['Node']>>, ParentType, ContextType, RequireFields<QuerynodesArgs, 'ids'>>;
  token?: Resolver<Maybe<ResolversTypes['Token']>, ParentType, ContextType, RequireFields<QuerytokenArgs, 'id'>>;
  tokens?: Resolver<Maybe<ResolversTypes['TokenConnection']>, ParentType, ContextType, RequireFields<QuerytokensArgs, 'first'>>;
};

export type TokenResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Token'] = ResolversParentTypes['Token']> = {
  ari?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  authenticationMethod?: Resolver<ResolversTypes['TokenAuthenticationMethod'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  ownerAri?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  projects?: Resolver<Maybe<ResolversTypes['TokenProjectConnection']>, ParentType, ContextType, RequireFields<TokenprojectsArgs, 'first'>>;
  scopes?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type TokenAuthenticationMethodResolvers<ContextType = Context, ParentType extends ResolversParentTypes['TokenAuthenticationMethod'] = ResolversParentTypes['TokenAuthenticationMethod']> = {
  publicKeyInfo?: Resolver<ResolversTypes['PublicKeyInfo'], ParentType, ContextType>;
  signingAlgorithm?: Resolver<Maybe<ResolversTypes['SigningAlgorithm']>, ParentType, ContextType>;
  type?: Resolver<Maybe<ResolversTypes['TokenAuthenticationMethodKind']>, ParentType, ContextType>;
};

export type TokenConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['TokenConnection'] = ResolversParentTypes['TokenConnection']> = {
  edges?: Resolver<Array<ResolversTypes['TokenEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<Maybe<ResolversTypes['Token']>>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type TokenEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['TokenEdge'] = ResolversParentTypes['TokenEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<Maybe<ResolversTypes['Token']>, ParentType, ContextType>;
};

export type TokenProjectConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['TokenProjectConnection'] = ResolversParentTypes['TokenProjectConnection']> = {
  edges?: Resolver<Array<ResolversTypes['TokenProjectEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<Maybe<ResolversTypes['Project']>>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type TokenProjectEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['TokenProjectEdge'] = ResolversParentTypes['TokenProjectEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<Maybe<ResolversTypes['Project']>, ParentType, ContextType>;
  policy?: Resolver<Maybe<ResolversTypes['Policy']>, ParentType, ContextType>;
};

export interface URLScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['URL'], any> {
  name: 'URL';
}

export type UpdateTokenPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['UpdateTokenPayload'] = ResolversParentTypes['UpdateTokenPayload']> = {
  token?: Resolver<Maybe<ResolversTypes['Token']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type UserErrorResolvers<ContextType = Context, ParentType extends ResolversParentTypes['UserError'] = ResolversParentTypes['UserError']> = {
  code?: Resolver<ResolversTypes['UserErrorCode'], ParentType, ContextType>;
  field?: Resolver<Maybe<Array<ResolversTypes['String']>>, ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  traceId?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type Resolvers<ContextType = Context> = {
  CreateTokenPayload?: CreateTokenPayloadResolvers<ContextType>;
  DeleteTokenPayload?: DeleteTokenPayloadResolvers<ContextType>;
  JsonWebKey?: JsonWebKeyResolvers<ContextType>;
  JsonWebKeySet?: JsonWebKeySetResolvers<ContextType>;
  JsonWebKeySetLocation?: JsonWebKeySetLocationResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  Node?: NodeResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Policy?: PolicyResolvers<ContextType>;
  PolicyStatement?: PolicyStatementResolvers<ContextType>;
  Project?: ProjectResolvers<ContextType>;
  PublicKeyInfo?: PublicKeyInfoResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  Token?: TokenResolvers<ContextType>;
  TokenAuthenticationMethod?: TokenAuthenticationMethodResolvers<ContextType>;
  TokenConnection?: TokenConnectionResolvers<ContextType>;
  TokenEdge?: TokenEdgeResolvers<ContextType>;
  TokenProjectConnection?: TokenProjectConnectionResolvers<ContextType>;
  TokenProjectEdge?: TokenProjectEdgeResolvers<ContextType>;
  URL?: GraphQLScalarType;
  UpdateTokenPayload?: UpdateTokenPayloadResolvers<ContextType>;
  UserError?: UserErrorResolvers<ContextType>;
};

export type DirectiveResolvers<ContextType = Context> = {
  semanticNonNull?: semanticNonNullDirectiveResolver<any, any, ContextType>;
};
