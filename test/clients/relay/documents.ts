import { graphql } from 'relay-runtime';

// What the Relay compiler reads; the tests import what it makes of it.

graphql`
  query TokenListQuery($first: Int!) {
    ...TokenList_query @arguments(first: $first)
  }
`;

graphql`
  fragment TokenList_query on Query
  @argumentDefinitions(first: { type: "Int", defaultValue: 20 }, after: { type: "String" })
  @refetchable(queryName: "TokenListPaginationQuery")
  @throwOnFieldError {
    tokens(first: $first, after: $after) @connection(key: "TokenList_tokens") {
      __id
      edges {
        node {
          id
          name
        }
      }
    }
  }
`;

graphql`
  query ProjectListQuery($id: ID!, $first: Int!) {
    node(id: $id) {
      ...ProjectList_token @arguments(first: $first) @alias(as: "token")
    }
  }
`;

graphql`
  fragment ProjectList_token on Token
  @argumentDefinitions(first: { type: "Int", defaultValue: 20 }, after: { type: "String" })
  @refetchable(queryName: "ProjectListPaginationQuery") {
    name
    projects(first: $first, after: $after) @connection(key: "ProjectList_projects") {
      edges {
        policy {
          statements {
            actions
          }
        }
        node {
          id
          name
        }
      }
    }
  }
`;

graphql`
  mutation CreateTokenMutation($input: CreateTokenInput!, $connections: [ID!]!) {
    createToken(input: $input) {
      token @appendNode(connections: $connections, edgeTypeName: "TokenEdge") {
        id
        name
      }
      userErrors {
        code
        field
        message
      }
    }
  }
`;

graphql`
  mutation RenameTokenMutation($input: UpdateTokenInput!) {
    updateToken(input: $input) {
      token {
        id
        name
      }
      userErrors {
        code
        field
        message
      }
    }
  }
`;

graphql`
  mutation DeleteTokenMutation($input: DeleteTokenInput!, $connections: [ID!]!) {
    deleteToken(input: $input) {
      deletedTokenId @deleteEdge(connections: $connections) @deleteRecord
      userErrors {
        code
        field
        message
      }
    }
  }
`;
