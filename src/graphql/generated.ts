import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { TokenDto, AuthenticationMethodDto, PublicKeyInfoDto, PublicKeyInfoJwksDto, PublicKeyInfoJwksUriDto, ProjectWithPolicyDto, PolicyDto } from '../upstream/generated.ts';
import type { Connection, PageInfoModel } from './pagination/connection.ts';
import type { TokenEdgeModel, TokenProjectEdgeModel } from './resolvers/index.ts';
import type { TokenPayload } from './resolvers/mutation.ts';
import type { Context } from './pipeline/request.ts';
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
  URL: { input: string; output: string; }
};

export type CreateTokenInput = {
  authenticationMethod: TokenAuthenticationMethodInput;
  description?: InputMaybe<Scalars['String']['input']>;
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  name: Scalars['String']['input'];
};

export type CreateTokenPayload = {
  token?: Maybe<Token>;
  userErrors: Array<UserError>;
};

export type DeleteTokenInput = {
  id: Scalars['ID']['input'];
};

export type DeleteTokenPayload = {
  deletedTokenId?: Maybe<Scalars['ID']['output']>;
  userErrors: Array<UserError>;
};

export type JsonWebKey = {
  alg: Scalars['String']['output'];
  crv?: Maybe<Scalars['String']['output']>;
  e?: Maybe<Scalars['String']['output']>;
  kid: Scalars['String']['output'];
  kty: Scalars['String']['output'];
  n?: Maybe<Scalars['String']['output']>;
  use: Scalars['String']['output'];
  x?: Maybe<Scalars['String']['output']>;
  y?: Maybe<Scalars['String']['output']>;
};

export type JsonWebKeyInput = {
  alg: Scalars['String']['input'];
  crv?: InputMaybe<Scalars['String']['input']>;
  e?: InputMaybe<Scalars['String']['input']>;
  kid: Scalars['String']['input'];
  kty: Scalars['String']['input'];
  n?: InputMaybe<Scalars['String']['input']>;
  use?: Scalars['String']['input'];
  x?: InputMaybe<Scalars['String']['input']>;
  y?: InputMaybe<Scalars['String']['input']>;
};

export type JsonWebKeySet = {
  keys: Array<JsonWebKey>;
};

export type JsonWebKeySetInput = {
  keys: Array<JsonWebKeyInput>;
};

export type JsonWebKeySetLocation = {
  jwksUri: Scalars['URL']['output'];
};

export type Mutation = {
  createToken?: Maybe<CreateTokenPayload>;
  deleteToken?: Maybe<DeleteTokenPayload>;
  updateToken?: Maybe<UpdateTokenPayload>;
};


export type MutationcreateTokenArgs = {
  input: CreateTokenInput;
};


export type MutationdeleteTokenArgs = {
  input: DeleteTokenInput;
};


export type MutationupdateTokenArgs = {
  input: UpdateTokenInput;
};

export type Node = {
  id: Scalars['ID']['output'];
};

export type PageInfo = {
  endCursor?: Maybe<Scalars['String']['output']>;
  hasNextPage: Scalars['Boolean']['output'];
  hasPreviousPage: Scalars['Boolean']['output'];
  startCursor?: Maybe<Scalars['String']['output']>;
};

export type Policy = {
  description?: Maybe<Scalars['String']['output']>;
  name?: Maybe<Scalars['String']['output']>;
  principalId?: Maybe<Scalars['String']['output']>;
  projectId?: Maybe<Scalars['String']['output']>;
  statements: Array<PolicyStatement>;
  version: Scalars['String']['output'];
};

export type PolicyStatement = {
  actions: Array<Scalars['String']['output']>;
  effect: Scalars['String']['output'];
  principals: Array<Scalars['String']['output']>;
  resources: Array<Scalars['String']['output']>;
};

export type Project = {
  id: Scalars['ID']['output'];
  name: Scalars['String']['output'];
};

export type PublicKeyInfo = JsonWebKeySet | JsonWebKeySetLocation;

export type PublicKeyInfoInput =
  { jwks: JsonWebKeySetInput; jwksUri?: never; }
  |  { jwks?: never; jwksUri: Scalars['String']['input']; };

export type Query = {
  node?: Maybe<Node>;
  nodes: Array<Maybe<Node>>;
  token?: Maybe<Token>;
  tokens?: Maybe<TokenConnection>;
};


export type QuerynodeArgs = {
  id: Scalars['ID']['input'];
};


export type QuerynodesArgs = {
  ids: Array<Scalars['ID']['input']>;
};


export type QuerytokenArgs = {
  id: Scalars['ID']['input'];
};


export type QuerytokensArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

export type SigningAlgorithm =
  | 'ES256'
  | 'ES512'
  | 'RS256'
  | 'RS512';

export type Token = Node & {
  ari: Scalars['String']['output'];
  authenticationMethod: TokenAuthenticationMethod;
  id: Scalars['ID']['output'];
  name: Scalars['String']['output'];
  ownerAri: Scalars['String']['output'];
  projects?: Maybe<TokenProjectConnection>;
  scopes: Array<Scalars['String']['output']>;
};


export type TokenprojectsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

export type TokenAuthenticationMethod = {
  publicKeyInfo: PublicKeyInfo;
  signingAlgorithm?: Maybe<SigningAlgorithm>;
  type?: Maybe<TokenAuthenticationMethodKind>;
};

export type TokenAuthenticationMethodInput = {
  publicKeyInfo: PublicKeyInfoInput;
  signingAlgorithm: SigningAlgorithm;
  type?: TokenAuthenticationMethodKind;
};

export type TokenAuthenticationMethodKind =
  | 'PRIVATE_KEY';

export type TokenConnection = {
  edges: Array<TokenEdge>;
  nodes: Array<Maybe<Token>>;
  pageInfo: PageInfo;
};

export type TokenEdge = {
  cursor: Scalars['String']['output'];
  node?: Maybe<Token>;
};

export type TokenProjectConnection = {
  edges: Array<TokenProjectEdge>;
  nodes: Array<Maybe<Project>>;
  pageInfo: PageInfo;
};

export type TokenProjectEdge = {
  cursor: Scalars['String']['output'];
  node?: Maybe<Project>;
  policy?: Maybe<Policy>;
};

export type UpdateTokenAuthenticationMethodInput = {
  publicKeyInfo?: InputMaybe<PublicKeyInfoInput>;
  signingAlgorithm?: InputMaybe<SigningAlgorithm>;
  type?: InputMaybe<TokenAuthenticationMethodKind>;
};

export type UpdateTokenInput = {
  authenticationMethod?: InputMaybe<UpdateTokenAuthenticationMethodInput>;
  id: Scalars['ID']['input'];
  name?: InputMaybe<Scalars['String']['input']>;
};

export type UpdateTokenPayload = {
  token?: Maybe<Token>;
  userErrors: Array<UserError>;
};

export type UserError = {
  code: UserErrorCode;
  field?: Maybe<Array<Scalars['String']['output']>>;
  message: Scalars['String']['output'];
  traceId?: Maybe<Scalars['String']['output']>;
};

export type UserErrorCode =
  | 'CONFLICT'
  | 'INVALID'
  | 'NOT_FOUND';



export type ResolverTypeWrapper<T> = Promise<T | Error> | T | Error;

export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs>;

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
  PolicyStatement: ResolverTypeWrapper<PolicyStatement>;
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
  TokenConnection: ResolverTypeWrapper<Connection<TokenEdgeModel>>;
  TokenEdge: ResolverTypeWrapper<TokenEdgeModel>;
  TokenProjectConnection: ResolverTypeWrapper<Connection<TokenProjectEdgeModel>>;
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
  PolicyStatement: PolicyStatement;
  Project: ProjectWithPolicyDto;
  PublicKeyInfo: PublicKeyInfoDto;
  PublicKeyInfoInput: PublicKeyInfoInput;
  Query: Record<PropertyKey, never>;
  String: Scalars['String']['output'];
  Token: TokenDto;
  TokenAuthenticationMethod: AuthenticationMethodDto;
  TokenAuthenticationMethodInput: TokenAuthenticationMethodInput;
  TokenConnection: Connection<TokenEdgeModel>;
  TokenEdge: TokenEdgeModel;
  TokenProjectConnection: Connection<TokenProjectEdgeModel>;
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
