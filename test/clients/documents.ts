import { graphql } from './generated/gql/index.ts';

/** What Apollo Client, urql and graphql-request ask. The types of variables and results come from the schema. */
export const TOKENS = graphql(`
  query Tokens($first: Int, $after: String) {
    tokens(first: $first, after: $after) {
      edges {
        cursor
        node {
          id
          name
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const PROJECTS = graphql(`
  query Projects($id: ID!, $first: Int, $after: String) {
    token(id: $id) {
      id
      projects(first: $first, after: $after) {
        edges {
          cursor
          node {
            id
            name
          }
          policy {
            statements {
              actions
            }
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export const TOKENS_WITH_PROJECTS = graphql(`
  query TokensWithProjects {
    tokens(first: 2) {
      edges {
        node {
          id
          name
          projects(first: 1) {
            edges {
              node {
                id
                name
              }
            }
            pageInfo {
              hasNextPage
              endCursor
            }
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const CREATE = graphql(`
  mutation Create($input: CreateTokenInput!) {
    createToken(input: $input) {
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
`);

export const RENAME = graphql(`
  mutation Rename($id: ID!, $name: String!) {
    updateToken(input: { id: $id, name: $name }) {
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
`);

export const DELETE = graphql(`
  mutation Delete($id: ID!) {
    deleteToken(input: { id: $id }) {
      deletedTokenId
      userErrors {
        code
        field
        message
      }
    }
  }
`);
