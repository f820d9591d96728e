/** The models of the IAM API as its clients see them. Responses are checked against them in `dto.ts`. */
export type {
  CreateTokenInput as CreateTokenBody,
  JsonWebKeyDto,
  JsonWebKeySetDto,
  PolicyDto,
  PolicyStatementDto,
  ProjectWithPolicyDto,
  ProjectWithPolicyList,
  PublicKeyInfo as PublicKeyInfoDto,
  PublicKeyInfoJwks as PublicKeyInfoJwksDto,
  PublicKeyInfoJwksUri as PublicKeyInfoJwksUriDto,
  TokenDto,
  TokenList,
  TokenPrivateKeyAuthenticationMethodDto as AuthenticationMethodDto,
  UpdateTokenInput as UpdateTokenBody,
} from './generated.ts';
