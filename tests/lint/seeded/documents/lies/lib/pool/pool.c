int ep__pool_adopt(int count)
{
    return count;
}
